import Records
import Testing

@testable import Tree

@Suite struct ACLTableTests {
    @Test func `equal lists share an index until nobody has them`() {
        var table = ACLTable()
        let open = table.intern(ACL.open)
        let readOnly = table.intern(ACL.readOnly)
        #expect(table.index(open) == 1)
        #expect(table.index(readOnly) == 2)
        #expect(table.intern(ACL.open) == open)
        table.release(open)
        #expect(table.list(open) == ACL.open)
        table.release(open)
        #expect(table.count == 1)
        #expect(table.slot(index: 1) == nil)
        // An index is never given to another list.
        let again = table.intern(ACL.open)
        #expect(table.index(again) == 3)
        #expect(table.sorted.map(\.index) == [2, 3])
        #expect(table.index(ACLTable.open) == -1)
        #expect(table.list(ACLTable.open) == ACL.open)
    }

    @Test func `loaded indexes stay, and new ones follow the highest`() {
        var table = ACLTable()
        #expect(table.define(index: 9, list: ACL.open) == true)
        #expect(table.define(index: 4, list: ACL.open) == true)
        #expect(table.define(index: 5, list: ACL.readOnly) == true)
        #expect(table.define(index: 9, list: ACL.readOnly) == false)
        #expect(table.define(index: -1, list: ACL.readOnly) == false)
        #expect(table.define(index: .max, list: ACL.readOnly) == false)
        for index in [4, 9] as [Int64] {
            if let slot = table.slot(index: index) { table.retain(slot) }
        }
        table.dropUnreferenced()
        #expect(table.sorted.map(\.index) == [4, 9])
        let new = table.intern(digestACL("u:x"))
        let known = table.intern(ACL.open)
        #expect(table.index(new) == 10)
        #expect(table.index(known) == 9)
    }
}
