"""What an agent does over the Model Context Protocol, with the client from PyPI. Prints one JSON document a line."""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


def document(result):
    failed = getattr(result, "is_error", None) or getattr(result, "isError", None) or False
    return {"failed": failed, "answer": json.loads(result.content[0].text)}


async def main(command, directory, agent, issue):
    environment = {"JIT_AGENT_ID": agent, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    server = StdioServerParameters(command=command, args=["-C", directory, "mcp"], env=environment)
    async with stdio_client(server) as (read, write):
        async with ClientSession(read, write) as session:
            begun = await session.initialize()
            tools = await session.list_tools()
            print(json.dumps({"instructions": begun.instructions, "tools": [tool.name for tool in tools.tools]}))
            for name, arguments in [
                ("orient", {}),
                ("claim", {"action": "acquire", "issue": issue, "ttl": "30m"}),
                ("issue_update", {"issue": issue, "state": "in_progress"}),
                ("note_add", {"issue": issue, "text": "from an agent"}),
                ("issue_show", {"issue": issue}),
                ("issue_show", {"issue": "ffffffff"}),
            ]:
                print(json.dumps(document(await session.call_tool(name, arguments))))


asyncio.run(main(*sys.argv[1:]))
