"""Tables of the evaluation: leaderboard, differences, scoreboard, calibration, precision and recall."""
