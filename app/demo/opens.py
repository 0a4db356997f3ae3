"""Writing a company's images, mailings and opens, with the rows and figures that the recorder would have left."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from itertools import batched
from random import Random
from typing import Any
