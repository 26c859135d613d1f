"""From a query to its answer: candidates, rerank, fusion, the page that is shown."""
