/// What is going to happen, by time; what is due at the same time happens in the order in which it
/// was scheduled.
public struct EventQueue<Event> {
    /// When an event is due, and where it is: the heap moves these, the events stay in their places.
    private struct Entry {
        var time: Int64
        var sequence: UInt64
        var place: Int

        func isBefore(_ other: Entry) -> Bool {
            (time, sequence) < (other.time, other.sequence)
        }
    }

    private var heap: [Entry] = []
    private var events: [Event?] = []
    private var free: [Int] = []
    private var sequence: UInt64 = 0

    /// An empty queue.
    public init() {}

    /// How many events wait.
    public var count: Int { heap.count }

    /// When the next event is due.
    public var nextTime: Int64? { heap.first?.time }

    /// Schedules an event.
    public mutating func schedule(_ event: Event, at time: Int64) {
        sequence += 1
        let entry = Entry(time: time, sequence: sequence, place: keep(event))
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entry.isBefore(heap[parent]) else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = entry
    }

    /// Takes the next event.
    public mutating func popFirst() -> (time: Int64, event: Event)? {
        guard let first = heap.first, let event = events[first.place].take() else { return nil }
        free.append(first.place)
        let last = heap.removeLast()
        if !heap.isEmpty { sink(last) }
        return (first.time, event)
    }

    /// Puts the event where it stays until it is taken.
    private mutating func keep(_ event: Event) -> Int {
        guard let place = free.popLast() else {
            events.append(event)
            return events.count - 1
        }
        events[place] = event
        return place
    }

    /// Puts an entry in the place of the first, and sets the order right.
    private mutating func sink(_ entry: Entry) {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(entry) else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = entry
    }
}
