"""The serial order of calls on live state (MTPO): positions, trajectories, repair, premises, gates, commit."""
