<!-- Orders into trades, trades into orders: as a request and as its answer the same sheet. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:m="http://services.samples">
  <xsl:template match="m:placeOrder">
    <m:placeTrade><xsl:apply-templates select="m:order"/></m:placeTrade>
  </xsl:template>
  <xsl:template match="m:order">
    <m:trade of="{m:symbol}">
      <m:name><xsl:value-of select="m:symbol"/></m:name>
      <m:value><xsl:value-of select="m:price * m:quantity"/></m:value>
      <xsl:copy-of select="m:price | m:quantity"/>
    </m:trade>
  </xsl:template>
  <xsl:template match="m:placeTrade">
    <m:placeOrder><xsl:apply-templates select="m:trade"/></m:placeOrder>
  </xsl:template>
  <xsl:template match="m:trade">
    <m:order>
      <m:symbol><xsl:value-of select="m:name"/></m:symbol>
      <xsl:copy-of select="m:price | m:quantity"/>
    </m:order>
  </xsl:template>
</xsl:stylesheet>
