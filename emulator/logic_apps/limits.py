"""Limits of Consumption workflows ("Limits and configuration reference for Azure Logic Apps", learn.microsoft.com)."""

from typing import Final

ACTIONS: Final = 500
NESTING: Final = 8
TRIGGERS: Final = 10
NAME_CHARACTERS: Final = 80
DESCRIPTION_CHARACTERS: Final = 256
PARAMETERS: Final = 50
VARIABLES: Final = 250
SWITCH_CASES: Final = 25
EXPRESSION_CHARACTERS: Final = 8192
FOREACH_ITEMS: Final = 100_000
FOREACH_REPETITIONS: Final = 20
FOREACH_MOST_REPETITIONS: Final = 50
UNTIL_COUNT: Final = 60
UNTIL_MOST_COUNT: Final = 5000
UNTIL_TIMEOUT: Final = "PT1H"
CONTENT_BYTES: Final = 104_857_600
HTTP_SECONDS: Final = 120.0
RETRY_COUNT: Final = 4
RETRY_MOST_COUNT: Final = 90
RETRY_INTERVAL_SECONDS: Final = 7.5
RETRY_LEAST_SECONDS: Final = 5.0
RETRY_MOST_SECONDS: Final = 45.0
ASYNCHRONOUS_POLL_SECONDS: Final = 20.0
OUTPUTS: Final = 10
CONDITIONS: Final = 10
MOST_RUNS: Final = 100
MOST_WAITING_RUNS: Final = 100
WAITING_RUNS: Final = 10
SPLIT_ITEMS: Final = 100_000
SPLIT_ITEMS_WITH_CONCURRENCY: Final = 100
URL_CHARACTERS: Final = 16_384
TRACKED_CHARACTERS: Final = 8000
THROUGHPUT_SECONDS: Final = 300.0
ACTION_EXECUTIONS: Final = 100_000
TRIGGER_CALLS: Final = 45_000
RETRY_LONGEST_SECONDS: Final = 86_400.0
CHUNKED_BYTES: Final = 1_073_741_824
COMBINED_BYTES: Final = 209_715_200
RETRY_LEAST_INTERVAL: Final = "PT5S"
RETRY_MOST_INTERVAL: Final = "P1D"
LONGEST_INTERVALS: Final = {"second": 9_999_999, "minute": 72_000, "hour": 12_000, "day": 500, "week": 71, "month": 16}
"""The most of ``recurrence.interval`` by frequency ("Schema reference guide for trigger and action types")."""
RETENTION_DAYS: Final = 90
"""Of runs and of what triggers did, from their start; and the most that a run may take."""
RUN_SECONDS: Final = RETENTION_DAYS * 86_400.0
POLICIES: Final = 5
POLICY_CLAIMS: Final = 10
