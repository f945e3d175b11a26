import threading
import time

from transforms.once import once


def test_threads_that_ask_at_once_wait_for_one_table():
    made = []

    @once
    def table(size):
        made.append(size)
        time.sleep(0.05)
        return [0] * size

    found = []
    threads = [threading.Thread(target=lambda: found.append(table(3))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [3] and len(found) == 8 and all(one is found[0] for one in found)
    assert table(4) == [0] * 4 and made == [3, 4]
