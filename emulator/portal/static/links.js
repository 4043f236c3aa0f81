// Azure's portal names what a link leads to after the "#", which no server sees: the page of it is opened from here.
"use strict";

const run = /^#view\/Microsoft_Azure_EMA\/LogicAppsMonitorBlade\/runid\/([^/]+)$/.exec(location.hash);
if (run !== null) {
  location.replace(`/run?id=${run[1]}`);
}
