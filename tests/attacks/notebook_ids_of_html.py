"""Hands in ids, names of kernels and languages that are markup, paths and programs."""


# points: 15
# pages: "<script>alert"
# pages: "onerror=alert"
def spoil(notebook, folder):
    evil = '"><scr' + "ipt>alert(1)</script><img src=x onerror=alert(1)>"
    notebook["metadata"] = {"kernelspec": {"name": "../../evil", "display_name": evil, "language": evil}}
    notebook["metadata"] |= {"language_info": {"name": evil, "pygments_lexer": evil}, "title": evil, "authors": [evil]}
    for number, cell in enumerate(notebook["cells"]):
        cell["id"] = f"{evil}{number}"
