// Libraries that are asked for by name, and of which nothing is called.
