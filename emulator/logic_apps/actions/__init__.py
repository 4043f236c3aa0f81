"""What each type of action does."""

from collections.abc import Mapping

from emulator.logic_apps.actions import control, data, http, variables
from emulator.logic_apps.execution import Handler

HANDLERS: Mapping[str, Handler] = {
    "appendtoarrayvariable": variables.append_to_array,
    "appendtostringvariable": variables.append_to_string,
    "compose": data.compose,
    "decrementvariable": variables.decrement,
    "foreach": control.foreach,
    "http": http.http,
    "if": control.if_,
    "incrementvariable": variables.increment,
    "initializevariable": variables.initialize,
    "join": data.join,
    "parsejson": data.parse_json,
    "query": data.query,
    "response": http.response,
    "scope": control.scope,
    "select": data.select,
    "setvariable": variables.set_,
    "switch": control.switch,
    "table": data.table,
    "terminate": control.terminate,
    "until": control.until,
    "wait": control.wait,
}
"""By type, in lower case."""
