import Records
import Testing

@testable import ServerCore

@Test(arguments: [1, 127, 128, 255] as [Int64])
func `the top byte of a session's id is its server's, whatever the time`(server: Int64) {
    // As of the years 2004 and 2039: the bit above the clock's 40 is set in one of them.
    for time in [1_095_000_000_000, 2_199_100_000_000] as [Int64] {
        var generator = SessionIDGenerator(server: ServerID(server), milliseconds: time)
        let first = generator.make()
        #expect(UInt64(bitPattern: first.rawValue) >> 56 == UInt64(server))
        #expect(generator.make().rawValue == first.rawValue &+ 1)
    }
}
