"""The code of the two reference documents as they print it, and a way to run each."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.serving import Tenant

# What the documents write in the place of a host, a path and a key.
HOSTS = ("https://api.yourcompany.com", "https://{{ api_url }}")
KEYS = ("YOUR_API_KEY", "sk_live_[your-key]", "sk_live_...")

VERIFY_WEBHOOK = """\
function verifyWebhook(payload, signature, secret) {
  const expectedSignature = crypto
    .createHmac('sha256', secret)
    .update(payload)
    .digest('hex');

  return crypto.timingSafeEqual(
    Buffer.from(signature),
    Buffer.from(expectedSignature)
  );
}
"""
OVERVIEW_READ = """\
curl -X GET https://api.yourcompany.com/v1/resources \\
  -H "Authorization: Bearer YOUR_API_KEY" \\
  -H "Content-Type: application/json"
"""
OVERVIEW_CREATE = """\
curl -X POST https://api.yourcompany.com/v1/resources \\
  -H "Authorization: Bearer YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "my-resource",
    "type": "processor",
    "config": {
      "timeout": 30
    }
  }'
"""
OVERVIEW_LIST = """\
curl -X GET https://api.yourcompany.com/v1/resources?status=active \\
  -H "Authorization: Bearer YOUR_API_KEY"
"""
OVERVIEW_UPDATE = """\
curl -X PUT https://api.yourcompany.com/v1/resources/123 \\
  -H "Authorization: Bearer YOUR_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "updated-resource"
  }'
"""
OVERVIEW_DELETE = """\
curl -X DELETE https://api.yourcompany.com/v1/resources/123 \\
  -H "Authorization: Bearer YOUR_API_KEY"
"""
OVERVIEW_PYTHON = """\
import requests

response = requests.get(
    'https://api.yourcompany.com/v1/resources',
    headers={'Authorization': 'Bearer YOUR_API_KEY'}
)

if response.status_code == 200:
    data = response.json()
    # Process data
elif response.status_code == 401:
    print("Invalid API key")
elif response.status_code == 429:
    retry_after = response.headers.get('Retry-After')
    print(f"Rate limited. Retry after {retry_after} seconds")
else:
    error = response.json()
    print(f"Error: {error['error']['message']}")
"""
QUICK_START = """\
curl https://{{ api_url }}/v1/[resources] \\
  -H "Authorization: Bearer sk_live_[your-key]" \\
  -d name="My First Resource" \\
  -d type="production"
"""
CREATE = """\
curl https://{{ api_url }}/v1/resources \\
  -H "Authorization: Bearer sk_live_..." \\
  -H "Idempotency-Key: unique_key_123" \\
  -d name="Production API Resource" \\
  -d type="production" \\
  -d "configuration[timeout_ms]=10000" \\
  -d "configuration[retry_count]=5" \\
  -d "metadata[team]"="platform" \\
  -d "metadata[environment]"="prod"
"""
UPDATE = """\
curl -X PATCH https://{{ api_url }}/v1/resources/res_1a2b3c4d5e \\
  -H "Authorization: Bearer sk_live_..." \\
  -d name="Updated Resource Name" \\
  -d "configuration[timeout_ms]=7500" \\
  -d status="paused"
"""
DELETE = """\
curl -X DELETE https://{{ api_url }}/v1/resources/res_1a2b3c4d5e \\
  -H "Authorization: Bearer sk_live_..."
"""
LIST_JAVASCRIPT = """\
const resources = await fetch('https://{{ api_url }}/v1/resources?limit=10', {
  headers: {
    'Authorization': 'Bearer sk_live_...',
    'Content-Type': 'application/json'
  }
});

const data = await resources.json();
console.log(`Found ${data.total_count} resources`);
// Output: Found 1547 resources
"""
LIST_PYTHON = """\
import requests

response = requests.get(
    'https://{{ api_url }}/v1/resources',
    headers={'Authorization': 'Bearer sk_live_...'},
    params={'limit': 10, 'status': 'active'}
)

data = response.json()
print(f"Active resources: {data['total_count']}")
# Output: Active resources: 892
"""
LIST_GO = """\
client := &http.Client{Timeout: 10 * time.Second}
req, _ := http.NewRequest("GET", "https://{{ api_url }}/v1/resources", nil)
req.Header.Add("Authorization", "Bearer sk_live_...")

resp, _ := client.Do(req)
// Process response
"""
PAGINATION_JAVASCRIPT = """\
async function* getAllResources(apiKey) {
  let hasMore = true;
  let startingAfter = null;

  while (hasMore) {
    const params = new URLSearchParams({
      limit: 100,
      ...(startingAfter && { starting_after: startingAfter })
    });

    const response = await fetch(
      `https://{{ api_url }}/v1/resources?${params}`,
      { headers: { 'Authorization': `Bearer ${apiKey}` } }
    );

    const data = await response.json();

    for (const resource of data.data) {
      yield resource;
    }

    hasMore = data.has_more;
    if (hasMore && data.data.length > 0) {
      startingAfter = data.data[data.data.length - 1].id;
    }
  }
}

// Usage
for await (const resource of getAllResources('sk_live_...')) {
  console.log(resource.id);
}
"""


class Outcome(NamedTuple):
    """What a command of curl got: the status and the body."""

    status: int
    body: str


def filled(text: str, tenant: Tenant, key: str, object_id: str = "") -> str:
    """The text with the tenant's server and a key, and with an object's id where one is given."""
    for host in HOSTS:
        text = text.replace(host, tenant.server.url)
    for each in KEYS:
        text = text.replace(each, key)
    if object_id:
        text = re.sub(r"res_1a2b3c4d5e|(?<=/resources/)123\b", object_id, text)
    return text.replace("[resources]", "resources")


def curl(command: str, folder: Path) -> Outcome:
    """Run a printed command in a shell; a file of settings makes curl quiet and has it tell the status."""
    (folder / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}"\n')
    body, _, status = run(["sh", "-c", command], folder, CURL_HOME=str(folder)).rpartition("\n")
    return Outcome(int(status), body)


def python(text: str, folder: Path) -> str:
    """What a printed snippet of Python prints."""
    return run([sys.executable, "-c", text], folder)


def node(text: str, folder: Path) -> str:
    """What a printed snippet of JavaScript prints under Node.js."""
    (folder / "printed.mjs").write_text(text)
    return run(["node", "printed.mjs"], folder)


def run(command: list[str], folder: Path, **variables: str) -> str:
    """What a command prints, without the proxies and settings of whoever runs the tests."""
    environment = {"PATH": f"/usr/local/bin:{os.defpath}", "HOME": str(folder), **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
