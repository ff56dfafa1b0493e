"""The usual FastAPI service: pydantic models, SQLAlchemy's asyncio ORM on aiosqlite, a session per request.

Written as the two manuals show it: https://fastapi.tiangolo.com/tutorial/ and
https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html.
"""

import argparse
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import event, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.peers import fastapi_models as models
from benchmarks.peers import rows
from benchmarks.peers.fastapi_models import ApiKey, StoredResource

bearer = HTTPBearer()
router = APIRouter(prefix="/v2/resources")


class FixedWindow:
    """Counts the requests of each key in the current minute."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[int, int]] = {}

    def allows(self, key: str, per_minute: int) -> bool:
        """Count one request and say whether it was still within the limit."""
        minute = int(time.time()) // 60
        start, count = self._windows.get(key, (minute, 0))
        count = count + 1 if start == minute else 1
        self._windows[key] = (minute, count)
        return count <= per_minute


async def open_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Open a session for one request."""
    async with request.app.state.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


async def authenticate(
    credentials: Annotated[HTTPAuthorizationCredentials, Security(bearer)], session: Session
) -> ApiKey:
    """Look the key up by its hash."""
    digest = hashlib.sha256(credentials.credentials.encode()).hexdigest()
    key = await session.scalar(select(ApiKey).where(ApiKey.hash == digest))
    if key is None:
        raise HTTPException(401, "The API key is not valid.", {"WWW-Authenticate": "Bearer"})
    return key


async def within_limits(request: Request, key: Annotated[ApiKey, Depends(authenticate)]) -> ApiKey:
    """Refuse a key that asks too often."""
    if not request.app.state.limiter.allows(key.hash, key.requests_per_minute):
        raise HTTPException(429, "Rate limit exceeded.", {"Retry-After": "60"})
    return key


Caller = Annotated[ApiKey, Depends(within_limits)]


async def find(session: AsyncSession, caller: ApiKey, id: str) -> StoredResource:
    """Read a resource of the caller's account and mode."""
    query = select(StoredResource).where(
        StoredResource.id == id,
        StoredResource.account_id == caller.account_id,
        StoredResource.livemode == caller.livemode,
    )
    resource = await session.scalar(query)
    if resource is None:
        raise HTTPException(404, f"There is no resource '{id}'.")
    return resource


@router.get("/{id}", response_model=models.Resource)
async def get_resource(id: str, session: Session, caller: Caller) -> Any:
    """Show a resource."""
    return await find(session, caller, id)


@router.get("", response_model=models.ResourceList)
async def list_resources(
    session: Session, caller: Caller, limit: Annotated[int, Query(ge=1, le=100)] = 20, starting_after: str | None = None
) -> Any:
    """List resources, newest first, with their exact number."""
    mine = (StoredResource.account_id == caller.account_id, StoredResource.livemode == caller.livemode)
    query = select(StoredResource).where(*mine)
    if starting_after is not None:
        last = await find(session, caller, starting_after)
        query = query.where(
            (StoredResource.created < last.created)
            | ((StoredResource.created == last.created) & (StoredResource.id < last.id))
        )
    query = query.order_by(StoredResource.created.desc(), StoredResource.id.desc()).limit(limit + 1)
    found = (await session.scalars(query)).all()
    total = await session.scalar(select(func.count()).select_from(StoredResource).where(*mine))
    return {"data": found[:limit], "has_more": len(found) > limit, "total_count": total}


@router.post("", response_model=models.Resource, status_code=201)
async def create_resource(body: models.ResourceCreate, session: Session, caller: Caller) -> Any:
    """Create a resource."""
    resource = StoredResource(
        account_id=caller.account_id,
        livemode=caller.livemode,
        name=body.name,
        type=body.type,
        configuration={**body.configuration.model_dump(), "rate_limit": 1000},
        metadata_=body.metadata,
    )
    session.add(resource)
    await session.commit()
    return resource


@router.patch("/{id}", response_model=models.Resource)
async def update_resource(id: str, body: models.ResourceUpdate, session: Session, caller: Caller) -> Any:
    """Change the given fields of a resource."""
    resource = await find(session, caller, id)
    changes = body.model_dump(exclude_unset=True)
    if "configuration" in changes:
        changes["configuration"] = {**resource.configuration, **changes["configuration"]}
    if "metadata" in changes:
        changes["metadata_"] = changes.pop("metadata")
    for name, value in changes.items():
        setattr(resource, name, value)
    await session.commit()
    return resource


@router.delete("/{id}", response_model=models.DeletedResource)
async def delete_resource(id: str, session: Session, caller: Caller) -> Any:
    """Delete a resource."""
    resource = await find(session, caller, id)
    await session.delete(resource)
    await session.commit()
    return models.DeletedResource(id=id, deleted_at=models.now())


def connect(database: Path) -> AsyncEngine:
    """Make the engine, with the same durability as ours: WAL and an fsync per commit.

    Two pooled connections: with SQLite as fast for reads as 1, 5 + 10 (the default) and 16, and faster for writes.
    """
    engine = create_async_engine(f"sqlite+aiosqlite:///{database}", pool_size=2, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -20000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


async def fill(engine: AsyncEngine, count: int) -> None:
    """Create the tables, the key and `count` resources."""
    key = ApiKey(hash=rows.KEY_HASH, account_id=rows.ACCOUNT, livemode=True, requests_per_minute=10**9)
    stored = list(rows.resources(count))
    for row in stored:
        row["metadata_"] = row.pop("metadata")  # `metadata` is taken on ORM classes
    async with engine.begin() as connection:
        await connection.run_sync(models.Base.metadata.create_all)
    async with AsyncSession(engine) as session:
        session.add(key)
        await session.execute(insert(StoredResource), stored)
        await session.commit()


def create_app(database: Path, count: int) -> FastAPI:
    """Build the app."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = connect(database)
        await fill(engine, count)
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        app.state.limiter = FixedWindow()
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--rows", type=int, required=True)
    given = parser.parse_args()
    app = create_app(given.database, given.rows)
    uvicorn.run(app, port=given.port, loop="uvloop", http="httptools", access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
