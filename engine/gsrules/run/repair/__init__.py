"""Repairs of what is certain: edits of the text of a project's files, tried in memory before they are proposed."""
