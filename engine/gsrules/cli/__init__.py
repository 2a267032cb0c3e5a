"""Commands: arguments in, a library call, a view out; no logic of their own."""
