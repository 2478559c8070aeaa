import Records
import Testing

@testable import Quorum
