from broker.queues import FamilyQueues, UrgentFirst, all_queues, consumed_families
from jobs.job import Priority
from models.family import ModelFamily


def test_the_normal_queue_of_a_family_bears_its_name() -> None:
    queues = FamilyQueues(co_locate=False)
    assert [queues.queue(ModelFamily.FACE_DETECTION, priority) for priority in Priority] == [
        "face-detection.high",
        "face-detection",
        "face-detection.bulk",
        "face-detection.last",
    ]


def test_co_located_families_share_their_queues() -> None:
    queues = FamilyQueues(co_locate=True)
    assert {queues.prefix(family) for family in ModelFamily} == {"faceline"} == set(queues.prefixes)


def test_the_families_of_queues() -> None:
    assert consumed_families(["face-detection.bulk"]) == [ModelFamily.FACE_DETECTION]
    assert consumed_families(["faceline.high"]) == list(ModelFamily)


def test_urgent_queues_are_looked_into_first_and_equals_take_turns() -> None:
    cycle = UrgentFirst()
    cycle.update(all_queues(["a", "b"])[::-1])
    looks = []
    for _ in range(3):
        order = cycle.consume(8)
        assert {order[0], order[1]} == {"a.high", "b.high"}
        assert {order[4], order[5]} == {"a.bulk", "b.bulk"}
        assert {order[6], order[7]} == {"a.last", "b.last"}
        cycle.rotate(order[0])
        looks.append(order[0])
    assert looks[0] == looks[2] != looks[1]


def test_a_queue_for_answers_to_celery_inspect_is_looked_into_first() -> None:
    cycle = UrgentFirst()
    cycle.update(["a", "a.high", "7f0c.reply.celery.pidbox"])
    assert cycle.consume(3)[-1] == "a"


def test_no_queue_is_left_out() -> None:
    names = all_queues([*ModelFamily, "faceline"])
    assert len(set(names)) == len(names) == 4 * (len(ModelFamily) + 1)
