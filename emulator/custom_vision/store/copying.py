"""Copies a project with all that belongs to it under new ids, as an import does."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from emulator.custom_vision.store.database import Database, time_text
from emulator.custom_vision.store.projects import Project

_NEW_IDS: Final = (
    "SELECT id FROM tags WHERE project = ? UNION SELECT id FROM iterations WHERE project = ?"
    " UNION SELECT id FROM images WHERE project = ?"
    " UNION SELECT r.id FROM image_regions r JOIN images i ON i.id = r.image WHERE i.project = ?"
)
_COPIES: Final = (
    "INSERT INTO tags SELECT NULL, n.new, :target, t.name, t.description, t.type FROM tags t"
    " JOIN new_ids n ON n.old = t.id WHERE t.project = :source ORDER BY t.number",
    "INSERT INTO images SELECT NULL, n.new, :target, i.created, i.width, i.height, i.content_hash, i.metadata,"
    " i.in_workspace FROM images i JOIN new_ids n ON n.old = i.id WHERE i.project = :source ORDER BY i.number",
    "INSERT INTO image_tags SELECT i.new, t.new, m.created FROM image_tags m JOIN new_ids i ON i.old = m.image"
    " JOIN new_ids t ON t.old = m.tag",
    "INSERT INTO image_regions SELECT NULL, n.new, i.new, t.new, r.x, r.y, r.width, r.height, r.created"
    " FROM image_regions r JOIN new_ids n ON n.old = r.id JOIN new_ids i ON i.old = r.image"
    " JOIN new_ids t ON t.old = r.tag ORDER BY r.number",
    "INSERT INTO iterations SELECT NULL, n.new, :target, r.name, r.status, r.created, r.modified, r.trained,"
    " r.training_type, r.budget, r.minutes, r.domain_id, r.classification_type, r.begun, '', NULL, NULL"
    " FROM iterations r JOIN new_ids n ON n.old = r.id WHERE r.project = :source AND r.status = 'Completed'"
    " ORDER BY r.number",
    "INSERT INTO iteration_tags SELECT n.new, t.position, COALESCE(g.new, t.tag), t.name, t.description, t.type,"
    " t.images FROM iteration_tags t JOIN new_ids n ON n.old = t.iteration LEFT JOIN new_ids g ON g.old = t.tag"
    " JOIN iterations r ON r.id = n.new",
    "INSERT INTO iteration_images SELECT n.new, x.position, i.new,"
    " (SELECT json_group_array(COALESCE(g.new, j.value)) FROM json_each(x.tags) j LEFT JOIN new_ids g"
    " ON g.old = j.value) FROM iteration_images x JOIN new_ids n ON n.old = x.iteration"
    " JOIN new_ids i ON i.old = x.image JOIN iterations r ON r.id = n.new",
)


def copy_contents(database: Database, source: Project, target: Project, now: datetime) -> dict[str, str]:
    """Copy tags, images, taggings, regions and completed iterations of `source` into the new project `target`.

    Nothing is published in the copy, and its first training is not compared with one of the source's.

    Returns:
        The new id of each tag, image, region and iteration, by the old one.
    """
    with database.transaction():
        database.write("CREATE TEMP TABLE IF NOT EXISTS new_ids (old TEXT PRIMARY KEY, new TEXT NOT NULL)")
        database.write("DELETE FROM new_ids")
        ids = {row["id"]: str(uuid.uuid4()) for row in database.rows(_NEW_IDS, *[source.id] * 4)}
        database.write_all("INSERT INTO new_ids VALUES (?, ?)", list(ids.items()))
        for statement in _COPIES:
            database.write_named(statement, source=source.id, target=target.id)
        database.write(
            "UPDATE projects SET trainings = ?, modified = ? WHERE id = ?", source.trainings, time_text(now), target.id
        )
    return ids
