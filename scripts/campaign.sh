#!/usr/bin/env bash
# The long runs, one after another, and at the end one line for each: what it was, how it ended, how long it took.
# COROOM_SCALE divides the counts (10: a tenth of each), to try it out. Goes on after a failure and ends with 1.
# What is done is kept below .campaign/ for this very code and scale: called again, also after Ctrl-C, it goes on there.
# COROOM_FRESH=1 begins anew; COROOM_ONLY=landing runs the stages with that in their name.
set -uo pipefail
cd "$(dirname "$0")/.."
by=${COROOM_SCALE:-1}
scaled() { echo $(($1 / by > ${2:-1} ? $1 / by : ${2:-1})); }  # scaled COUNT [LEAST]
kept=.campaign/$(git rev-parse --short HEAD)-$(git diff HEAD | sha1sum | cut -c1-6)-$by
[ -z "${COROOM_FRESH:-}" ] || rm -rf "$kept"
mkdir -p "$kept"
results=$kept/results
touch "$results"
failed=0 number=0 stages=$(grep -c '^ *stage "' "$0")
trap 'echo "campaign: stopped; make campaign goes on with this stage"; exit 130' INT TERM

stage() {  # stage WHAT COMMAND…
  local what=$1 began=$SECONDS said status last
  shift
  number=$((number + 1))
  [[ $what =~ ${COROOM_ONLY:-} ]] || return 0
  if grep -F " s  $what: " "$results" | grep -q ^ok; then
    echo "campaign: $number: $what: done before"
    return
  fi
  said=$kept/said
  echo "campaign: $number of about $stages, $(date +%H:%M): $what …"
  "$@" 2>&1 | tee "$said"
  status=${PIPESTATUS[0]}
  last=$(grep -E 'passed|failed|seeds/s|plays under|nothing lost|changes,|made at once|landed by' "$said" | tail -n 1 | tr -d '=' | sed 's/^ *//; s/ *$//')
  [ "$status" -eq 0 ] || failed=1
  grep -vF " s  $what: " "$results" >"$results.new"
  mv "$results.new" "$results"
  printf '%-6s %5d s  %s: %s\n' "$([ "$status" -eq 0 ] && echo ok || echo FAILED)" "$((SECONDS - began))" "$what" "$last" >>"$results"
}

seeds=$(scaled 20000) kills=$(scaled 200) edits=$(scaled 2000) log_kills=$(scaled 600)
trials=$(scaled 100000) writes=$(scaled 3000 300) races=$(scaled 300) starts=$(scaled 50)
programs=$(scaled 10000) dying=$(scaled 100)
landings=$(scaled 320) changes=$(scaled 200 10) schedules=$(scaled 20000 50)
stage "$seeds seeds of the simulation" .venv/bin/coroom simulate --seeds "$seeds"
for policy in preorder locking optimistic serial; do
  stage "$seeds seeds of calls on live state, $policy" .venv/bin/coroom simulate --policy "$policy" --agents 4 --seeds "$seeds"
done
stage "$programs random programs on live state" .venv/bin/coroom schedule --random "$programs"
stage "$dying random programs, the host dying at every step" .venv/bin/coroom schedule --random "$dying" --deaths
stage "$kills kills of the host, $edits edits of one file" \
  env COROOM_KILLS="$kills" COROOM_EDITS="$edits" .venv/bin/pytest -n 2 --timeout 600 tests/host/bridge
stage "$schedules schedules of writes without hooks" \
  env COROOM_SCHEDULES="$schedules" .venv/bin/pytest -n 2 --timeout 600 tests/host/bridge/test_bases.py
stage "$log_kills kills of the log, every ${by}th byte flipped" \
  env COROOM_KILLS="$log_kills" COROOM_FLIP_STRIDE="$by" COROOM_POWER_APPENDS="$(scaled 100)" .venv/bin/pytest -n 2 --timeout 1800 tests/log
stage "the power of a whole room fails at every ${by}th instant" \
  env COROOM_ROOM_POINTS="$([ "$by" = 1 ] && echo 0 || scaled 850)" .venv/bin/pytest -n 0 -s --timeout 7200 tests/power
stage "$trials trials of the document, $writes writes against puts" \
  env COROOM_TRIALS="$trials" COROOM_BRIDGE_WRITES="$writes" .venv/bin/pytest -n 2 --timeout 1800 tests/workspace
for form in own remote; do
  stage "$landings kills while landing, $form" \
    env PYTHONPATH=.:tests .venv/bin/python -m tests.run.landing_kills "$kept/kills-$form" "$form" "$landings"
done
stage "$changes changes through the gate, a tenth bad, 2 % of the runs flaky" \
  env COROOM_GATE_CHANGES="$changes" .venv/bin/pytest -n 0 -s tests/host/test_gate.py -k many_changes
for ((from = 1; from <= races; from += 50)); do
  to=$((from + 49 < races ? from + 49 : races))
  stage "races $from to $to for a claim by refs" \
    env COROOM_RACES="$((to - from + 1))" .venv/bin/pytest -n 0 --timeout 7200 tests/claims/test_race.py
done
stage "$starts starts of sixteen agents" .venv/bin/coroom bench claims --rounds 1 --starts "$starts"
stage "the contract of tools, $(scaled 50) times as often" \
  env COROOM_TIMES="$(scaled 50)" .venv/bin/pytest -n 2 --timeout 1800 tests/tools/test_contract.py
stage "runs of a bisection" .venv/bin/coroom bench bisect
stage "agents in the image of docker/Dockerfile" \
  env PYTHONPATH=.:tests .venv/bin/python -m tests.agents.image_trial "$kept/image"
stage "every client through trials: solo, full, live state, bounds, failures" \
  env COROOM_EVERY_CLIENT=1 .venv/bin/pytest -n 0 --timeout 1200 tests/agents/test_real_evaluation.py \
  tests/agents/test_real_live_evaluation.py tests/agents/test_real_bounds.py tests/agents/campaign_trials.py
stage "twenty failing tests become green in loops" env COROOM_FAULTS=20 .venv/bin/pytest -n 0 tests/cli/test_demo_loop.py

trap - INT TERM
echo
echo "campaign of $(date -u +%F), commit $(git rev-parse --short HEAD), $(.venv/bin/python -V), $(nproc) cores"
cat "$results"
exit "$failed"
