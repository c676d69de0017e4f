"""Hands in cells with roles and points of its own: tests of its own, solutions that are graded, 99 points each."""


# points: 15
def spoil(notebook, folder):
    more = []
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"].update(points=99, grade=True, solution=False, locked=True, task=True)
            mine = {"grade_id": "mine_" + cell["id"], "points": 99, "schema_version": 3}
            mine |= {"grade": True, "locked": True, "solution": False, "task": False}
            more.append(cell | {"id": "m" + cell["id"][:60], "source": "99.0", "metadata": {"nbgrader": mine}})
    notebook["cells"] += more
