import NIOCore
import Records
import Testing

@testable import AviaryClient

@Suite struct ConnectStringTests {
    @Test func `servers, default ports, IPv6 and a chroot are read`() throws {
        let parsed = try ConnectString("a:1,b, [::1]:3,[fe80::1]/app/one")
        #expect(
            parsed.servers == [
                ServerAddress(host: "a", port: 1), ServerAddress(host: "b", port: 2181),
                ServerAddress(host: "::1", port: 3), ServerAddress(host: "fe80::1", port: 2181),
            ])
        #expect(parsed.chroot == Chroot("/app/one"))
        #expect(try ConnectString("a:1/").chroot == .none)
    }

    @Test(arguments: ["", ",", "/x", "a:0", "a:70000", "a:x", ":2181", "a:1/x/", "a:1//x"])
    func `what names no server or no path is refused`(_ text: String) {
        #expect(throws: ZooKeeperError.self) { try ConnectString(text) }
    }

    @Test func `a chroot is put before paths and taken off them`() {
        let chroot = Chroot("/app")
        #expect(chroot.absolute("/") == "/app")
        #expect(chroot.absolute("/x") == "/app/x")
        #expect(chroot.relative("/app") == "/")
        #expect(chroot.relative("/app/x") == "/x")
        #expect(chroot.relative("/apple") == "/apple")
        #expect(Chroot.none.absolute("/x") == "/x")
    }

    @Test func `frames are cut wherever the bytes were cut`() {
        let stream: [UInt8] = [0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 0, 0, 1, 9]
        for size in 1...stream.count {
            var cutter = FrameCutter()
            var frames: [[UInt8]] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                var part = ByteBuffer(bytes: stream[start..<min(start + size, stream.count)])
                cutter.append(&part)
                while case .frame(let frame) = cutter.next() { frames.append(frame) }
            }
            #expect(frames == [[7, 8], [], [9]])
        }
    }

    @Test func `lengths that no frame has are nonsense`() {
        for length: Int32 in [-1, .min, .max, 64 * 1024 * 1024 + 1] {
            var cutter = FrameCutter()
            var bytes = ByteBuffer(integer: length)
            cutter.append(&bytes)
            #expect(cutter.next() == .nonsense(length))
        }
    }

    @Test func `many watches are left again in frames of a bounded size`() {
        var registry = WatchRegistry()
        let name = String(repeating: "x", count: 1_000)
        for number in 0..<300 {
            let path = Path("/\(name)\(number)")
            registry.left(WatchIntent(kind: .data, path: path, watcher: .session), error: .ok)
            registry.left(WatchIntent(kind: .children, path: path, watcher: .session), error: .ok)
        }
        let requests = registry.requests(since: Zxid(4))
        #expect(requests.count == 5)
        #expect(requests.reduce(0) { $0 + ($1.dataWatches?.count ?? 0) } == 300)
        #expect(requests.reduce(0) { $0 + ($1.childWatches?.count ?? 0) } == 300)
    }
}
