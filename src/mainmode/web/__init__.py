"""The page of `mainmode web`, without a server: what it shows, what it takes, what it refuses. Knows no socket."""
