// How many servers may fail, by hand.

import AviaryEnsemble
import Testing

private func plain(_ serving: [Bool]) -> QuorumArithmetic {
    QuorumArithmetic(serving.map { QuorumArithmetic.Voter(isServing: $0) })
}

/// Groups of (weight, serving).
private func grouped(_ groups: [[(Int, Bool)]]) -> QuorumArithmetic {
    QuorumArithmetic(
        groups.enumerated().flatMap { group, voters in
            voters.map {
                QuorumArithmetic.Voter(group: group + 1, weight: $0.0, isServing: $0.1)
            }
        })
}

@Test func `a majority of the participants is a quorum`() {
    #expect(
        plain([true, true, true, true, false]).text == "3 of 5 needed, 4 serving, 1 more may fail")
    #expect(plain([true, true, true, false, false]).mayFail == 0)
    #expect(plain([true]).mayFail == 0)
    #expect(plain([true, true, true, true]).mayFail == 1)
    let none = plain([true, false, false, false, false])
    #expect(none.mayFail == nil && none.missing == 2)
    #expect(none.text == "3 of 5 needed, 1 serving, no quorum: 2 more must serve")
}

@Test func `a majority of the weight in a majority of the groups is a quorum`() {
    let three = [(1, true), (1, true), (1, true)]
    // Two servers of one group, then two of another: the fourth failure ends it.
    #expect(grouped([three, three, three]).mayFail == 3)
    let one = [(1, true), (1, false), (1, false)]
    #expect(grouped([three, three, one]).mayFail == 1)
    let none = grouped([three, one, one])
    #expect(none.mayFail == nil && none.missing == 1)
    // The heavy one is its group.
    #expect(grouped([[(3, true), (1, true), (1, true)]]).mayFail == 0)
    #expect(grouped([[(0, false), (1, true)]]).text.hasPrefix("1 of 1 groups needed"))
}
