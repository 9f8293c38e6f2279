"""Builds hosts on one Linux bridge with Mininet, sees that the first and the last reach each other, takes them down.

python3 mininet-once.py HOSTS prints one line of JSON, as bench/topology-once.ts does.
"""

import json
import sys
import time

from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topo import SingleSwitchTopo

setLogLevel('critical')
hosts = int(sys.argv[1])
began = time.monotonic()
net = Mininet(topo=SingleSwitchTopo(hosts), switch=LinuxBridge, controller=None, waitConnected=True)
net.start()
built = time.monotonic()
first, last = net.hosts[0], net.hosts[-1]
deadline = time.monotonic() + 60
while '1 received' not in first.cmd('ping -c 1 -W 1', last.IP()):
    if time.monotonic() > deadline:
        sys.exit('the last host does not answer')
reached = time.monotonic()
net.stop()
down = time.monotonic()
print(json.dumps({
    'buildMs': 1000 * (built - began),
    'reachMs': 1000 * (reached - built),
    'downMs': 1000 * (down - reached),
}))
