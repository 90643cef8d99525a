"""The page of `mainmode web`. `server` has the socket and the processes; the others have no world to touch."""
