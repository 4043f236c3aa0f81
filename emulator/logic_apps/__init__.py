"""Logic Apps (Consumption): the workflow definition language and its runtime."""
