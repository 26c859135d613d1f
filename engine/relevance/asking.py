"""From a topic to what every system gets of it: its meaning, and candidates drawn by parameters."""

from dataclasses import dataclass

from engine.relevance.pool import Pool
from engine.relevance.systems import Asked
from engine.relevance.topics import Topic
from engine.retrieval.parameters import Parameters
from engine.retrieval.understand import Reader, Understood
from engine.store.plan import Plan


@dataclass(frozen=True)
class Asker:
    """Asks one collection, as `engine search` does; `pool` is all that it holds."""

    reader: Reader
    pool: Pool

    def ask(self, topic: Topic, parameters: Parameters) -> Asked:
        """Return a topic as systems get it; raise UsageError for one that can't be asked here."""
        return self.draw(topic, self.reader.understand(topic.query), parameters)

    def draw(self, topic: Topic, meaning: Understood, parameters: Parameters) -> Asked:
        """Draw the candidates of a topic that was understood before."""
        plan = Plan(
            terms=meaning.terms,
            vector=meaning.vector,
            filter=topic.query.filter,
            exclude=meaning.pins,
            bm25=parameters.bm25,
            lexical_depth=parameters.lexical_depth,
            vector_depth=parameters.vector_depth,
        )
        collection = self.reader.collection
        admitted = self.pool.admitted(collection, topic.query.filter, meaning.pins)
        return Asked(topic, meaning, collection.candidates(plan), admitted)
