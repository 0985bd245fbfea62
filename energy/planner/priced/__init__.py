"""The priced regime: plans of thousands of jobs with a proven gap.

Where every placement of every job no longer fits one programme, prices take the place of the coupling:
:mod:`.choices` says what a job may choose, :mod:`.hull` what a load costs, :mod:`.bound` finds the prices at which
the two agree best (their sum bounds every plan from below), :mod:`.search` looks for the schedule,
:mod:`.regime` lets both work side by side, and :mod:`.plan` hands what they found to the PuLP programme of the exact
regime.
"""
