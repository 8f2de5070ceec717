"""The crash proof: a month is killed at any step, started again, and the bureau and the mail server are asked what they saw.

fakes     a bureau and a mail server in one process; each killed month has a folder of its own there
scene     a small book and its month; what the checks find is computed once, and real
steps     counting the steps of a month, and dying at one of them
chain     dying at all of them, one after the other, on one walk through a month
driver    a warm process that forks one child a point
harness   the test's side: runs points, judges what was left behind
mutants   faults put into a child on purpose, so that the harness cannot go blind
nemesis   two schedulers at once, and their workers, killed, stopped and woken at random; ``verdict`` judges what came of it
"""
