"""Pastes pictures that are pages with scripts, have kinds that are markup, and names that leave the notebook."""


# points: 15
# pages: "<script>alert"
# pages: "onload=alert"
# pages: "image/svg+xml"
# pages: "text/html;base64"
def spoil(notebook, folder):
    import base64

    svg = base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg" onload=alert(1)><script>alert(1)</script></svg>')
    for cell in notebook["cells"]:
        if cell["id"] == "why":
            cell["attachments"] = {
                "a.svg": {"image/svg+xml": svg.decode()},
                "b.html": {"text/html": svg.decode()},
                '"><script>alert(1)</script>': {"image/png": '"><script>alert(1)</script>'},
                "c.png": {'image/png"onload=alert(1) x="': "x"},
                "../../d.png": {"image/png": 7},
                "e.png": [1],
                "f.png": {"image/png": ["x"] * 1000},
            }
            names = ("a.svg", "b.html", "c.png", "../../d.png", "e.png", "f.png", '"><script>alert(1)</script>')
            cell["source"] = "\n".join(f"![x](attachment:{name})" for name in names)
