"""One batch of the benchmark: `python batch.py aiohttp|httpx URL small|large|any COUNT LIMIT`.

What it sends and prints is described in ../batches/src/main.rs.
"""

import asyncio
import sys
import time

if sys.argv[1] == "httpx":
    import httpx
else:
    import aiohttp


async def main(client, url, kind, count, limit):
    path = (lambda n: "/megabyte") if kind == "large" else (lambda n: f"/item/{n}")

    async def every(get):
        numbers, taken = iter(range(count)), []

        async def worker():
            for n in numbers:
                taken.append(await timed(get(url + path(n))))

        await asyncio.gather(*(worker() for _ in range(limit)))
        return taken

    async def any_of(get):
        taken = []
        for n in range(count):
            began = time.perf_counter()
            rivals = [asyncio.create_task(get(url + p)) for p in (path(n), "/hold", path(n + 1))]
            done, losers = await asyncio.wait(rivals, return_when=asyncio.FIRST_COMPLETED)
            good = any(task.exception() is None for task in done)
            taken.append(time.perf_counter() - began if good else None)
            for task in losers:
                task.cancel()
            await asyncio.gather(*rivals, return_exceptions=True)
        return taken

    run = any_of if kind == "any" else every
    if client == "httpx":
        limits = httpx.Limits(max_connections=limit, max_keepalive_connections=limit)
        async with httpx.AsyncClient(limits=limits, timeout=30) as session:

            async def get(url):
                (await session.get(url)).raise_for_status()

            return await run(get)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=limit)) as session:

        async def get(url):
            async with session.get(url) as response:
                response.raise_for_status()
                await response.read()

        return await run(get)


async def timed(sending):
    began = time.perf_counter()
    try:
        await sending
    except Exception:
        return None
    return time.perf_counter() - began


client, url, kind, count, limit = sys.argv[1:]
began = time.perf_counter()
taken = asyncio.run(main(client, url, kind, int(count), int(limit)))
seconds = time.perf_counter() - began
good = sorted(time for time in taken if time is not None)


def at(share):
    return round(1e6 * good[min(len(good) - 1, int(len(good) * share))]) if good else 0


print(f"requests {len(good)} errors {len(taken) - len(good)} seconds {seconds} p50_us {at(0.5)} p99_us {at(0.99)}")
