"""A FastAPI application whose background work outlives its process.

The application:  uvicorn fastapi_app:app --port 8001
What runs its work, here or elsewhere:  python -m glassworks fastapi_app:worker
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from glassworks import AsyncClient, Context, NotFound, Task, Worker

# The work. It needs nothing of the application, and could stand in a file of its own.

worker = Worker(concurrency=4)


class Report(BaseModel):
    """What to report on."""

    customer: int
    months: int = 12


@worker.task("build_report", description="Builds a customer's report.")
async def build_report(ctx: Context, payload: Report) -> dict[str, Any]:
    total = 0
    for month in range(1, payload.months + 1):
        print(f"customer {payload.customer}: reading month {month}")
        await asyncio.sleep(0.1)  # where your database would be asked
        total += month
        ctx.progress(month, payload.months, f"month {month} of {payload.months}")
    return {"customer": payload.customer, "total": total}


# The application.

client = AsyncClient()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with client:
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/reports", status_code=202)
async def create(report: Report) -> dict[str, str]:
    task = await client.submit("build_report", report.model_dump(), tags=["report"])
    return {"id": task.id, "page": client.page(task)}


@app.get("/reports/{id}")
async def show(id: str) -> dict[str, Any]:
    task = await find(id)
    return {"state": task.state, "progress": task.progress, "result": task.result}


@app.get("/reports/{id}/output")
async def watch(id: str) -> StreamingResponse:
    await find(id)
    return StreamingResponse(client.tail(id), media_type="text/plain")


async def find(id: str) -> Task:
    try:
        return await client.get(id)
    except (NotFound, ValueError):
        raise HTTPException(404, "there is no such report") from None
