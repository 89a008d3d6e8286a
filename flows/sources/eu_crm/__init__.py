"""The European Commission's studies on critical raw materials: their published inputs."""
