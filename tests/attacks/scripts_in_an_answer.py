"""Writes markup that runs into answers, comments, outputs and own cells, in all the ways that pages know."""

# points: 15
# pages: "<script>alert"
# pages: "onerror=alert"
# pages: "javascript:alert"
# pages: "<iframe"
# pages: "<svg onload"
# %% double
print("<scr" + "ipt>alert(1)</script>")


def double(x):
    return 2 * x


# %% after double
"<script>alert(1)</script>"
