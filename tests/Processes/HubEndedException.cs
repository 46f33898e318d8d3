namespace BeerTap.Processes;

/// <summary>The hub ended where it should have become ready.</summary>
internal sealed class HubEndedException(int code, string words) : Exception($"The hub ended with {code}: {words}")
{
    /// <summary>Its exit code.</summary>
    public int Code => code;
}
