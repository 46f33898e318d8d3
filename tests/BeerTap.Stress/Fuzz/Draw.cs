using System.Text;

namespace BeerTap.Stress.Fuzz;

/// <summary>Ways to draw from a seeded generator.</summary>
internal static class Draw
{
    public static T Of<T>(this Random random, params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    /// <summary>True so many times in a hundred.</summary>
    public static bool Percent(this Random random, int percent) => random.Next(100) < percent;

    public static byte[] Bytes(this Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    public static byte[] Utf8(this string text) => Encoding.UTF8.GetBytes(text);
}
