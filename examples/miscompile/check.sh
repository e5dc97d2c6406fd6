#!/bin/sh
# Passes when the program prints what it should.
timeout 10 "$COROOM_OUT/program" | cmp -s - expected
