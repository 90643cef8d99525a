"""The ASA configuration language: its text, the values it stands for, and what can be said about them by reading."""
