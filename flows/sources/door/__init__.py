"""The parts of the door to HTTP (`flows/sources/fetch.py`): addresses, pace, answers, archives."""
