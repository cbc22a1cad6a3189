"""An agent in Python: asks the model once and prints the status.

usage: urllib_agent.py through|around URL
"""

import json
import sys
import urllib.request

way, url = sys.argv[1:3]

# "through" takes the proxy from HTTPS_PROXY, as urllib does by itself; "around" is one empty dictionary away.
handlers = [urllib.request.ProxyHandler({})] if way == "around" else []
body = json.dumps({"model": "demo-1", "messages": [{"role": "user", "content": "hello"}]})
request = urllib.request.Request(
    url,
    data=body.encode(),
    headers={"content-type": "application/json"},
    method="POST",
)
with urllib.request.build_opener(*handlers).open(request, timeout=20) as response:
    response.read()
    print(response.status)
