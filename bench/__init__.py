"""What one tunnel costs and carries. `make bench` prints the tables; nothing here is part of the program."""
