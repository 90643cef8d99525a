"""What one tunnel costs. `make bench` prints the tables; nothing here is part of the program."""
