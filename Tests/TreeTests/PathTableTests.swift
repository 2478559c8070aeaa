import Jute
import Records
import Testing

@testable import Tree

@Suite struct PathTableTests {
    /// A table with its slab; a fixed tag makes all paths collide.
    private struct Harness: ~Copyable {
        let slab = ZnodeSlab()
        let table = PathTable()
        let hash = PathHash(seed: 5)
        var fixedTag: UInt32?

        init(fixedTag: UInt32? = nil) { self.fixedTag = fixedTag }

        func tag(_ key: [UInt8]) -> UInt32 { fixedTag ?? hash(key.rawSpan) }

        func add(_ key: [UInt8]) -> ZnodeIndex {
            guard let index = slab.allocate(path: key.rawSpan, data: nil) else { return .none }
            table.insert(index, tag: tag(key))
            return index
        }

        func find(_ key: [UInt8]) -> ZnodeIndex? {
            table.find(key.rawSpan, tag: tag(key), in: slab)
        }

        func remove(_ key: [UInt8], _ index: ZnodeIndex) {
            table.remove(index, tag: tag(key))
            slab.free(index)
        }

        var counts: [Int] { [table.count, slab.count] }
    }

    @Test func `every path is found while the table grows, and none that was removed`() {
        let harness = Harness()
        var random = SeededGenerator(seed: 1)
        var entries: [(key: [UInt8], index: ZnodeIndex)] = []
        for round in 0..<6000 {
            let key = Array("/parent/child-\(round)".utf8)
            entries.append((key, harness.add(key)))
            if random.chance(1, in: 3) {
                let victim = Int.random(in: 0..<entries.count, using: &random)
                let removed = entries.remove(at: victim)
                harness.remove(removed.key, removed.index)
                if harness.find(removed.key) != nil { Issue.record("found after removal") }
            }
            // Shortly after each doubling, two tables are in use.
            if round % 250 < 2 {
                for entry in entries where harness.find(entry.key) != entry.index {
                    Issue.record("lost a path in round \(round)")
                }
            }
        }
        let expected = [entries.count, entries.count]
        #expect(harness.counts == expected)
        for entry in entries { harness.remove(entry.key, entry.index) }
        let counts = harness.counts
        #expect(counts == [0, 0])
    }

    @Test func `paths of one tag are told apart`() {
        // At the table's end, so that the run wraps around.
        let harness = Harness(fixedTag: 1020)
        let keys = (0..<300).map { Array("/\($0)".utf8) }
        let indexes = keys.map { harness.add($0) }
        for place in keys.indices where place % 2 == 0 {
            harness.remove(keys[place], indexes[place])
        }
        for place in keys.indices {
            let found = harness.find(keys[place])
            #expect(found == (place % 2 == 0 ? nil : indexes[place]))
        }
    }

    @Test func `the hash depends on its seed and on every byte`() {
        let bytes = Array("/application/locks/lock-0000000001".utf8)
        let hash = PathHash(seed: 3)
        var seen: Set<UInt32> = [hash(bytes.rawSpan), PathHash(seed: 2)(bytes.rawSpan)]
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 1
            seen.insert(hash(changed.rawSpan))
        }
        #expect(seen.count == bytes.count + 2)
        let counters = Set(
            (0..<100_000).map { count in
                let path = Array("/q/n-\(count)".utf8)
                return hash(path.rawSpan)
            })
        // 100 000 of 2^32: about one collision is to be expected.
        #expect(counters.count > 99_980)
    }
}
