"""Small programs in JavaScript and TypeScript acted out, without running them; types are read, and then ignored."""
