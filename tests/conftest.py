"""What every test shares: nothing yet."""
