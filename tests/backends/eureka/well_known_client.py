"""Registers one instance with py-eureka-client, and cancels it after a heartbeat.

A program of its own: that client's threads end with their process only.
"""

import asyncio
import sys

from py_eureka_client.eureka_client import EurekaClient


async def main(url: str) -> None:
    client = EurekaClient(
        eureka_server=url,
        app_name="web",
        instance_id="here:web.1:80",
        instance_host="10.0.0.1",
        instance_ip="10.0.0.1",
        instance_port=8000,
        health_check_url="http://10.0.0.1:8000/health",
        metadata={"version": "2"},
        should_discover=False,
    )
    await client.start()
    await client.send_heartbeat()
    await client.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
