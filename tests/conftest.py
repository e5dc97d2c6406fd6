"""What every test stands on."""

from hypothesis import HealthCheck, settings

# A machine under load generates slowly; how fast it does is a benchmark's business and never a test's.
settings.register_profile("coroom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("coroom")
