"""Names and types of columns are those that Microsoft's own binder finds."""

from __future__ import annotations

from emulator.monitor.kql import KqlError
from tests.emulator.monitor.kql.kusto import bind
from tests.emulator.monitor.kql.running import columns, empty_table

T = "a:long, b:string, t:datetime, d:dynamic, r:real, i:int, ts:timespan, q:bool"
U = "a:long, b:string, x:real"
QUERIES = (
    (
        "T | summarize count(), dcount(b), sum(a), avg(r), percentile(r,50), make_list(a), make_set(b), "
        "countif(a>1), take_any(b), any(b) by bin(t,1h)"
    ),
    "T | summarize arg_max(t,*) by a",
    "T | summarize arg_max(t,b,r) by a",
    "T | summarize arg_max(t,r), max(r)",
    "T | extend tostring(a), tolower(b), strcat(b,'x')",
    "T | project tostring(a), tolower(b), d.p, d.p[0], d['x'], a+1, todatetime(b), iff(a>1,1,2), bin(a,5), i",
    "T | extend a=1 | extend b=strcat(b,'x')",
    "T | summarize by tolower(b), startofday(t), a/2",
    "T | summarize percentiles(r,50,95), stdev(r), countif(a>1)/count(), x=sum(i), avg(ts), min(t), sum(ts)",
    (
        "T | project i+i, i*2, i/2, a%i, t-t, t+ts, ts/ts, ts*2, 2*ts, r*a, round(r,1), floor(a,2), "
        "abs(i), ceiling(r), dayofweek(t), getmonth(t), datetime_diff('day',t,t), strlen(b), "
        "array_length(d), indexof(b,'x'), hourofday(t), monthofyear(t)"
    ),
    "T | join kind=inner U on a",
    "T | join kind=leftouter U on $left.a == $right.a, b",
    "T | join kind=leftsemi U on a",
    "T | join kind=rightanti U on a",
    "T | join U on a",
    "union T, U",
    "T | count",
    "T | mv-expand d",
    "T | mv-expand d to typeof(long)",
    "T | mv-expand z=d.p, w=d.q to typeof(string)",
    "T | distinct b, tolower(b)",
    "T | top 3 by r | project-reorder r, b, *",
    "T | project-away a*, d",
    "T | project-keep a*, r",
    "T | project-rename z=a",
    "T | serialize n=row_number(), p=prev(a), row_cumsum(a)",
    "print 1, x=2, 'a'",
    "range x from 1 to 3 step 1",
    "T | extend d + 1, d.p * 2.5",
    (
        "T | summarize make_list_if(a, a>1), make_set_if(b, a>1), dcountif(b,a>1), sumif(a,a>1), "
        "avgif(a,a>2), take_anyif(b,a>1), minif(a,a>1)"
    ),
    "T | summarize take_any(*) by a",
    (
        "T | project coalesce(a, 1), case(a>1,'x','y'), min_of(a,2), split(b,','), parse_json(b), now(), "
        "ago(1d), tolong(b), todouble(b), toint(b), extract('x',0,b), isempty(b), bag_pack('a',1), "
        "pack_array(1,2), strcat_array(d,','), bag_keys(d), format_datetime(t,'yyyy'), substring(b,1), "
        "replace_string(b,'a','b'), not(q), totimespan(b)"
    ),
    "T | extend x = toscalar(U | summarize max(x))",
)
WRONG = (
    "T | where nothing == 1",
    "T | where a has '1'",
    "T | summarize avg(d)",
    "T | summarize sum(d)",
    "T | summarize count() by a, a",
    "T | project a, a = 1",
    "Nothing | count",
    "T | where a",
    "T | take 'x'",
    "T | join kind=inner U on x",
    "T | summarize max(d)",
)


def test_columns_are_those_of_the_binder() -> None:
    tables = {"T": empty_table(T), "U": empty_table(U)}
    for query, bound in zip(QUERIES, bind({"T": f"({T})", "U": f"({U})"}, QUERIES), strict=True):
        assert (query, bound.errors) == (query, [])
        assert (query, columns(query, tables)) == (query, bound.columns)


def test_what_the_binder_refuses_is_refused() -> None:
    tables = {"T": empty_table(T), "U": empty_table(U)}
    for query, bound in zip(WRONG, bind({"T": f"({T})", "U": f"({U})"}, WRONG), strict=True):
        assert (query, bool(bound.errors)) == (query, True)
        try:
            found = columns(query, tables)
        except KqlError:
            continue
        raise AssertionError(f"{query}: not refused, but {found}; the binder says {bound.errors}")
