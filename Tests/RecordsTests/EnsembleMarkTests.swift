import Jute
import Records
import Testing

@Test func `the name of an ensemble follows a message, and who does not know it reads on`() throws {
    var vote = Notification(
        state: .looking, leader: ServerID(1), zxid: .zero, round: 1, epoch: 1,
        configuration: Array("version=0".utf8), ensemble: "a.1")
    var writer = JuteWriter()
    vote.write(to: &writer)
    let bytes = writer.copyBytes()
    #expect(try Notification(payload: bytes.rawSpan) == vote)

    // As Apache ZooKeeper writes it, and as it might be written one day.
    vote.ensemble = nil
    writer = JuteWriter()
    vote.write(to: &writer)
    let plain = writer.copyBytes()
    #expect(Array(bytes[..<plain.count]) == plain)
    #expect(try Notification(payload: plain.rawSpan) == vote)
    for tail in [
        [0x41], [0x41, 0x56, 0x52, 0x59, 0xff, 0xff, 0xff, 0xff], Array(repeating: 7, count: 40),
    ] {
        let odd = plain + tail.map { UInt8($0) }
        #expect(try Notification(payload: odd.rawSpan) == vote)
    }
    // Cut anywhere it says no other name.
    for end in plain.count..<bytes.count {
        #expect(try Notification(payload: Array(bytes[..<end]).rawSpan).ensemble == nil)
    }
}

@Test func `a learner's introduction may name its ensemble`() throws {
    for name in [nil, "a.1"] as [ByteString?] {
        let info = LearnerInfo(server: ServerID(2), configVersion: 7, ensemble: name)
        var writer = JuteWriter()
        info.write(to: &writer)
        let bytes = writer.copyBytes()
        #expect(bytes.count == 20 + (name == nil ? 0 : 11))
        var reader = JuteReader(bytes.rawSpan)
        #expect(try LearnerInfo(from: &reader) == info)
    }
}
