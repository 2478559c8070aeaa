import Jute
import Records
import Testing

/// Multis that make no sense, and what they cost.
struct MultiRequestTests {
    private typealias Operation = (OpCode, (inout JuteWriter) -> Void)

    private func create(
        _ type: OpCode, _ path: Path?, acl: [ACL]? = ACL.open, flags: Int32 = 0
    ) -> Operation {
        (type, { CreateRequest(path: path, data: [], acl: acl, flags: flags).write(to: &$0) })
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 6] as [Int32])
    func `a create without an ACL takes no zxid, whatever else is wrong with it`(
        _ flags: Int32
    ) throws {
        let client = try StandaloneServer().client()
        let before = try client.create("/a").zxid
        for type in [OpCode.create, .create2, .createContainer] {
            for path in ["/b", nil] as [Path?] {
                let answer = try client.several(
                    .multi, [create(type, path, acl: nil, flags: flags)])
                #expect(answer.error == .marshallingError && answer.zxid == before)
            }
        }
    }

    @Test func `anything else that makes no sense takes one`() throws {
        let client = try StandaloneServer().client()
        let before = try client.create("/a").zxid
        let unknown = try client.several(.multi, [create(.create, "/b", flags: 7)])
        #expect(unknown.error == .marshallingError && unknown.zxid == before + 1)
        let pathless = try client.several(.multi, [create(.create2, nil)])
        #expect(pathless.error == .marshallingError && pathless.zxid == before + 2)
        #expect(try client.create("/b").zxid == before + 3)
    }
}
