from __future__ import annotations

GROUP = ""


async def test_smoke(arm, widget):
    r = await arm.get(widget)
    print(r.status_code, r.json())
    assert 0
