import Records
import Testing

@testable import Tree

@Suite struct WatchTableTests {
    let one = WatcherID(1)
    let two = WatcherID(2)
    let three = WatcherID(3)

    private func event(_ kind: TreeEvent.Kind, _ path: Path) -> TreeEvent {
        TreeEvent(kind, path, acl: ACL.open)
    }

    private func fired(
        _ table: inout WatchTable, _ kind: TreeEvent.Kind, _ path: Path
    ) -> [WatcherID] {
        let notifications = table.fire(event(kind, path))
        #expect(notifications.allSatisfy { $0.kind == kind && $0.path == path })
        return notifications.map(\.watcher)
    }

    @Test func `a standard watch fires once, for what its registry is for`() {
        var table = WatchTable()
        table.add(two, "/a", in: .data)
        table.add(one, "/a", in: .data)
        table.add(one, "/a", in: .data)
        table.add(three, "/a", in: .child)
        #expect(fired(&table, .childrenChanged, "/b") == [])
        #expect(fired(&table, .dataChanged, "/a") == [one, two])
        #expect(fired(&table, .dataChanged, "/a") == [])
        #expect(fired(&table, .created, "/a") == [])
        #expect(fired(&table, .childrenChanged, "/a") == [three])
        #expect(table.isEmpty)
        table.add(one, "/a", in: .data)
        #expect(fired(&table, .created, "/a") == [one])
    }

    @Test func `a deletion is told once to each, watchers of data first`() {
        var table = WatchTable()
        table.add(one, "/a", in: .child)
        table.add(three, "/a", in: .child)
        table.add(two, "/a", in: .data)
        table.add(three, "/a", in: .data)
        #expect(fired(&table, .deleted, "/a") == [two, three, one])
        // Those that were passed over have ended too.
        #expect(table.isEmpty)
        #expect(table.summary == (0, 0, 0))
    }

    @Test func `a persistent watch stays, beside a standard one`() {
        var table = WatchTable()
        table.add(one, "/a", in: .data, modes: .persistent)
        table.add(one, "/a", in: .child, modes: .persistent)
        table.add(one, "/a", in: .data)
        #expect(table.modes(of: one, "/a", in: .data) == [.persistent, .standard])
        #expect(fired(&table, .deleted, "/a") == [one])
        #expect(fired(&table, .created, "/a") == [one])
        #expect(fired(&table, .childrenChanged, "/a") == [one])
        #expect(table.modes(of: one, "/a", in: .data) == .persistent)
        #expect(table.count == 2)
        #expect(table.remove(one, "/a", in: .data, modes: .standard) == false)
        #expect(table.remove(one, "/a", in: .data, modes: .persistent) == true)
        #expect(table.remove(one, "/a", in: .child) == true)
        #expect(table.isEmpty)
    }

    @Test func `a recursive watch sees znodes below, and no childrenChanged`() {
        var table = WatchTable()
        table.add(two, "/a", in: .data, modes: .recursive)
        table.add(two, "/a", in: .child, modes: .recursive)
        table.add(one, "/", in: .data, modes: .recursive)
        table.add(two, "/a/b", in: .data)
        #expect(fired(&table, .created, "/a/b/c") == [one, two])
        #expect(fired(&table, .dataChanged, "/a/b") == [one, two])
        #expect(fired(&table, .deleted, "/ab") == [one])
        #expect(fired(&table, .deleted, "/a") == [one, two])
        #expect(fired(&table, .childrenChanged, "/a") == [])
        table.removeAll(of: one)
        #expect(fired(&table, .dataChanged, "/") == [])
        #expect(fired(&table, .dataChanged, "/a/x") == [two])
        #expect(table.remove(two, "/a", in: .data) == true)
        #expect(fired(&table, .dataChanged, "/a/x") == [])
        #expect(table.isEmpty)
    }

    @Test func `a watcher that goes takes its watches with it`() {
        var table = WatchTable()
        for name in 0..<100 {
            table.add(one, Path("/\(name)"), in: .data)
            table.add(one, Path("/\(name)"), in: .child)
            table.add(two, Path("/\(name)"), in: name % 2 == 0 ? .data : .child)
        }
        #expect(table.count == 300)
        #expect(table.summary == (2, 100, 150))
        table.removeAll(of: one)
        #expect(table.count == 100)
        #expect(table.summary == (1, 50, 50))
        table.removeAll(of: one)
        table.removeAll(of: two)
        #expect(table.isEmpty)
    }

    @Test func `listings are sorted and of the data registry`() {
        var table = WatchTable()
        table.add(two, "/b", in: .data)
        table.add(two, "/a", in: .data)
        table.add(one, "/b", in: .data)
        table.add(three, "/c", in: .child)
        #expect(table.summary == (2, 2, 3))
        #expect(table.pathsByWatcher.map(\.watcher) == [one, two])
        #expect(table.pathsByWatcher.map(\.paths) == [["/b"], ["/a", "/b"]])
        #expect(table.watchersByPath.map(\.path) == ["/a", "/b"])
        #expect(table.watchersByPath.map(\.watchers) == [[two], [one, two]])
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `random watches fire as in a plain list`(seed: UInt64) {
        struct Key: Hashable {
            var watcher: WatcherID
            var path: Path
            var isData: Bool
        }
        var random = SeededGenerator(seed: seed)
        var table = WatchTable()
        var plain: [Key: WatchModes] = [:]
        let paths: [Path] = ["/", "/a", "/a/b", "/a/b/c", "/b"]
        let modes: [WatchModes] = [.standard, .persistent, .recursive]
        for _ in 0..<500 {
            let watcher = WatcherID(Int64.random(in: 1...6, using: &random))
            let path = paths[Int.random(in: 0..<paths.count, using: &random)]
            let key = Key(watcher: watcher, path: path, isData: random.chance(1, in: 2))
            let registry: WatchRegistry = key.isData ? .data : .child
            switch Int.random(in: 0..<8, using: &random) {
            case 0...3:
                let mode = modes[Int.random(in: 0..<3, using: &random)]
                table.add(watcher, path, in: registry, modes: mode)
                let kept = key.isData ? mode : mode.subtracting(.recursive)
                if !kept.isEmpty { plain[key, default: []].formUnion(kept) }
            case 4:
                let found = plain.removeValue(forKey: key) != nil
                #expect(table.remove(watcher, path, in: registry) == found)
            case 5 where random.chance(1, in: 4):
                table.removeAll(of: watcher)
                plain = plain.filter { $0.key.watcher != watcher }
            default:
                let kind = TreeEvent.Kind(rawValue: Int32.random(in: 1...4, using: &random))
                var expected: [WatcherID] = []
                for isData in [true, false] {
                    if isData && kind == .childrenChanged { continue }
                    if !isData && kind != .childrenChanged && kind != .deleted { continue }
                    let hit = plain.filter { key, modes in
                        key.isData == isData
                            && (key.path == path
                                || (modes.contains(.recursive) && path.isWithin(key.path)))
                    }
                    expected += Set(hit.keys.map(\.watcher)).subtracting(expected).sorted()
                    for key in hit.keys where key.path == path {
                        plain[key]?.remove(.standard)
                        if plain[key]?.isEmpty == true { plain[key] = nil }
                    }
                }
                #expect(fired(&table, kind ?? .created, path) == expected)
            }
            #expect(table.count == plain.count)
        }
    }
}
