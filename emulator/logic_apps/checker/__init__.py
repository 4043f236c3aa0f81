"""Tells what is wrong with a workflow definition before it is saved: errors are what the service refuses, warnings what
it accepts to the user's harm.

One place knows the rules: the service's put refuses with the first error found here, ``python -m emulator lint`` tells
them all. `definitions` checks a definition, `documents` reads it from files and keeps positions, `reports` writes.
"""
