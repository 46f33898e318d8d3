namespace BeerTap.Client;

internal enum Outcome
{
    /// <summary>On the hub's disk.</summary>
    Acknowledged,

    /// <summary>On the hub's disk since an earlier try.</summary>
    Replayed,

    /// <summary>Wrong in itself (400, 409, 413, 415, and the answer is a hub's problem): the same again would be refused again.</summary>
    Refused,

    /// <summary>401 or 403: the pour is fine, the caller is not.</summary>
    NotAllowed,

    /// <summary>429 or 503: later.</summary>
    Busy,

    /// <summary>No answer, or none a hub would give: nobody knows whether the pour arrived, so it is sent again.</summary>
    Away,

    /// <summary>The batch as a whole was refused: one of its pours may be, so it is sent in smaller parts.</summary>
    TooMuchAtOnce,
}

/// <summary>What came back for one pour.</summary>
/// <param name="NamesTime">A refusal speaks of the pour's time: an older hub, whose clock or the tap's is wrong, may take it without.</param>
/// <param name="Status">The HTTP status; 0: there was no answer.</param>
internal sealed record PourAnswer(Outcome Outcome, long BeerId = 0, string Words = "", TimeSpan? RetryAfter = null, int Status = 0, bool NamesTime = false)
{
    public bool Settles => Outcome is Outcome.Acknowledged or Outcome.Replayed or Outcome.Refused;
}
